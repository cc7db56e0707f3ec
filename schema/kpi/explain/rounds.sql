-- Rounds of which there is a register of persons.
SELECT DISTINCT ROUND FROM PERSON
