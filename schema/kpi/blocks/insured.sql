-- Persons of the population registry in use who are under a scheme; nobody
-- where none is asked for.
-- columns: person INTEGER
-- key: person
SELECT cid FROM registry_person WHERE scheme = :scheme
