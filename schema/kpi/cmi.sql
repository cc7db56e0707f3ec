-- Discharges of the period with a valid group, and their adjusted relative
-- weights in ten-thousandths; the same for the period a year before.
-- alone: unit
SELECT hcode, person, c_grouped * now AS den, c_grouped * now * weight AS num,
  CASE WHEN c_grouped = 0 AND now = 1 THEN 'ungrouped' END AS reason,
  c_grouped * (1 - now) AS den_before, c_grouped * (1 - now) * weight AS num_before,
  v_left, now AS c_now, v_weight, c_grouped
FROM (
  SELECT HOSPCODE AS hcode, PID AS person, DATETIME_DISCH AS v_left, ADJRW AS v_weight,
    CASE WHEN DATETIME_DISCH >= :start * 1000000 THEN 1 ELSE 0 END AS now,
    coalesce(CAST(round(ADJRW * 10000) AS BIGINT), 0) AS weight,
    CASE WHEN ADJRW > 0 AND (ERROR IS NULL OR trim(ERROR, '0') = '') THEN 1 ELSE 0 END AS c_grouped
  FROM ADMISSION
  WHERE DATETIME_DISCH BETWEEN :start * 1000000 AND :end * 1000000 + 235959
    OR DATETIME_DISCH BETWEEN :before_start * 1000000 AND :before_end * 1000000 + 235959
) AS x
WHERE now = 1 OR c_grouped = 1
