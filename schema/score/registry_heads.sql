-- Persons of the registry in use by unit and main unit, of one scheme.
SELECT hcode, hmain, persons FROM registry_heads
WHERE registry = (SELECT max(id) FROM registry) AND scheme = :scheme
