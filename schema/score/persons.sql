-- Everybody in PERSON, in every round.
SELECT HOSPCODE AS hcode, PID AS pid, CID AS cid, ROUND AS round, BIRTH AS birth,
       instr(:resident, '|' || TYPEAREA || '|') > 0 AS resident,
       ltrim(NATION, '0') <> ltrim(:thai, '0') AS non_thai,
       DISCHARGE = :dead AS dead, DDISCHARGE AS died
FROM PERSON WHERE SUBMISSION <= :as_of
