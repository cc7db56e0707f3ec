-- Residents by unit from accepted PERSON rows, each citizen ID once: at the
-- unit of its newest round, of several there the first. They stand in for UC
-- heads where there is no registry.
SELECT hcode, NULL, count(*) FROM (
  SELECT CID, HOSPCODE AS hcode,
         row_number() OVER (PARTITION BY CID ORDER BY ROUND DESC, HOSPCODE) AS place
  FROM PERSON
  WHERE CID IS NOT NULL AND SUBMISSION <= :as_of
    AND instr(:resident, '|' || TYPEAREA || '|') > 0
) WHERE place = 1 GROUP BY hcode
