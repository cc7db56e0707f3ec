-- Units of which visits in a span of days are stored, whoever sent them: the
-- same that the indicator of completeness counts.
SELECT DISTINCT HOSPCODE FROM SERVICE WHERE DATE_SERV BETWEEN :first AND :last
