-- Citizen IDs of the registry in use, in order.
SELECT cid FROM registry_person ORDER BY cid
