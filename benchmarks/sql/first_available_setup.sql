CREATE FUNCTION bench_again() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'again' USING ERRCODE = 'serialization_failure';
END $$
