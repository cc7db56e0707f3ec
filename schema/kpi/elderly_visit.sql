-- Residents of 60 years or more on the last day, and who of them came to the unit.
-- use: resident, opvisit, known
-- alone: person
SELECT r.hcode, r.person, 1 AS den,
  EXISTS (SELECT 1 FROM known AS k JOIN opvisit AS v ON v.hcode = k.hcode AND v.pid = k.pid
    WHERE k.person = r.person AND k.hcode = r.hcode) AS num,
  NULL AS reason
FROM resident AS r
WHERE r.birth + 600000 <= :end
