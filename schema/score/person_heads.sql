-- Residents by unit from accepted PERSON rows, each citizen ID once. They stand
-- in for UC heads where there is no registry. Of a person at a unit the register
-- of the round scored says what it is, else the nearest earlier one; a later one
-- only at a unit that had sent none before. Somebody of several units counts at
-- that of the nearest round, of several there at the first.
WITH register AS (
  SELECT CID, HOSPCODE, PID, TYPEAREA, ROUND > :round AS later, abs(ROUND - :round) AS away,
         min(ROUND) OVER (PARTITION BY HOSPCODE) AS first
  FROM PERSON WHERE SUBMISSION <= :as_of
),
counted AS (
  SELECT CID, HOSPCODE, TYPEAREA, later, away,
         row_number() OVER (PARTITION BY HOSPCODE, PID ORDER BY later, away) AS place
  FROM register WHERE NOT later OR first > :round
)
SELECT hcode, NULL, count(*) FROM (
  SELECT HOSPCODE AS hcode,
         row_number() OVER (PARTITION BY CID ORDER BY later, away, HOSPCODE) AS place
  FROM counted
  WHERE place = 1 AND CID IS NOT NULL AND instr(:resident, '|' || TYPEAREA || '|') > 0
) WHERE place = 1 GROUP BY hcode
