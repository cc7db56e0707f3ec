-- KPIs that are reported rather than computed; exports that have run.
SELECT 1;
