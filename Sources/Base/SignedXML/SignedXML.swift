// SignedXML: reading XML of strangers, and believing of it exactly what a pinned key has signed.
// Owns: bounds of a document, signatures by xmlsec1 (allow-listed algorithms, one reference, KeyInfo never looked at), the
// bytes that were signed as a tree, decryption, signatures of our own; the only room that sees libxml2 and xmlsec1.
// Leaves to others: what a message means, which keys are pinned, when it came.
// Tempting wrong step: verifying a document and then reading it. What is read here is the canonical form that was digested.
