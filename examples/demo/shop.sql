-- The tables of the shop, with enough rows that a report is real work.
CREATE TABLE stock (item int PRIMARY KEY, remaining int NOT NULL);
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer int NOT NULL,
  item int NOT NULL REFERENCES stock,
  quantity int NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON orders (customer, id);
INSERT INTO stock SELECT item, 1000000 FROM generate_series(0, 49) AS item;
INSERT INTO orders (customer, item, quantity)
  SELECT n % 400, n % 50, 1 + n % 3 FROM generate_series(1, 4000) AS n;
