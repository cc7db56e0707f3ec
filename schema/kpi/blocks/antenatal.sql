-- Visits before birth, with the age of the pregnancy in whole weeks: GA as
-- sent when it is one (1 to 45), else counted from the last menstruation: there
-- the twelfth week ends with day 84 [DHDC-2015], and days before 7 are none.
-- use: known
-- table: calendar
-- columns: person INTEGER, gravida INTEGER, day INTEGER, n INTEGER, weeks INTEGER, first_visit INTEGER
-- index: person
SELECT k.person, a.gravida, a.day, c.n,
  CASE WHEN a.ga BETWEEN 1 AND 45 THEN a.ga
    WHEN c.n - m.n BETWEEN 85 AND 90 THEN 13
    WHEN c.n - m.n BETWEEN 7 AND 321 THEN ((c.n - m.n) - (c.n - m.n) % 7) / 7 END,
  a.first_visit
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, DATE_SERV AS day,
    CASE WHEN trim(GRAVIDA, '0123456789') = '' AND length(GRAVIDA) <= 9
      THEN CAST(GRAVIDA AS BIGINT) END AS gravida,
    CASE WHEN trim(GA, '0123456789') = '' AND length(GA) <= 9 THEN CAST(GA AS BIGINT) END AS ga,
    CASE WHEN coalesce(ANCNO, F21_ANCNO) = '1' THEN 1 ELSE 0 END AS first_visit
  FROM ANC
  WHERE DATE_SERV BETWEEN :year_start - 20000 AND :end
) AS a
JOIN known AS k ON k.hcode = a.hcode AND k.pid = a.pid
JOIN calendar AS c ON c.day = a.day
LEFT JOIN (
  SELECT hcode, pid, gravida, min(lmp) AS lmp
  FROM (
    SELECT HOSPCODE AS hcode, PID AS pid, LMP AS lmp,
      CASE WHEN trim(GRAVIDA, '0123456789') = '' AND length(GRAVIDA) <= 9
        THEN CAST(GRAVIDA AS BIGINT) END AS gravida
    FROM (
      SELECT HOSPCODE, PID, GRAVIDA, LMP FROM PRENATAL WHERE LMP IS NOT NULL
      UNION ALL
      SELECT HOSPCODE, PID, GRAVIDA, LMP FROM LABOR WHERE LMP IS NOT NULL
      UNION ALL
      SELECT HOSPCODE, PID, GRAVIDA, LMP FROM MCH WHERE LMP IS NOT NULL
    ) AS g
  ) AS l
  GROUP BY hcode, pid, gravida
) AS p ON p.hcode = a.hcode AND p.pid = a.pid AND p.gravida = a.gravida
LEFT JOIN calendar AS m ON m.day = p.lmp
