-- Persons of the registry in use by unit and main unit, of one scheme. Whoever
-- has no unit (people outside UC) is known and counts no head.
SELECT hcode, hmain, persons FROM registry_heads
WHERE registry = (SELECT max(id) FROM registry) AND scheme = :scheme AND hcode <> ''
