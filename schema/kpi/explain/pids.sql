-- Numbers of the persons of a unit.
SELECT CID, PID
FROM PERSON
WHERE HOSPCODE = :unit
ORDER BY ROUND DESC, PID
