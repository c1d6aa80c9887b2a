// Annotations: what people write about resources: an address, notes, tags.
// Owns: the table resource_metadata, `/api/resources/{id}/metadata` and the paths of the field beside it, and the decision
// whose a note is after a container was made anew. Notes are sealed: they hold what people would not put elsewhere.
// Leaves to others: what a resource is and whether the caller sees it (Resources), tags that platforms tell (Monitoring).
// Tempting wrong step: giving a note to the likeliest of two. A password hint on the wrong machine is worse than none.
