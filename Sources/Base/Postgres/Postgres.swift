// What this room is for: talking to PostgreSQL through libpq, with the organisation in every sentence.
// It owns: connections and their reactor threads, bound SQL, typed rows, transactions, notifications, migrations.
// One statement is one implicit transaction in one round trip; many organisations share a connection, because the
// setting `pulse.org_id` ends with the transaction. It leaves to others: every table and every statement.
// Blocking is nowhere: sockets are polled by reactor threads, connecting and cancelling have a thread of their own.
