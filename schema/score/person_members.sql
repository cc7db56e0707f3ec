-- Citizen IDs of accepted PERSON rows: they stand in where there is no registry.
SELECT CID FROM PERSON WHERE CID IS NOT NULL AND SUBMISSION <= :as_of
