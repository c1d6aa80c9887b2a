// HTTPAPI: the table of all endpoints, from which come the router, the checks and the description.
// Owns: what belongs to no room (health, version, the API description). Leaves to others: every other endpoint.
// A route cannot exist outside this table. Development's own pages are in it too, in development.
// Tempting wrong step: an answer of its own for a special client. It belongs to the room whose data it shows.
