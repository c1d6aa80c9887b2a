// EncryptionKeys: an organisation's encryption keys, over HTTP: what there is, rotation, its own key.
// Owns: the routes under /api/security/keys and the shapes they speak.
// Leaves to others: everything that is done with keys (Vault), who may ask (Access), the trail (Audit).
// No route answers with a key or with what one wraps; there is nothing in Vault's face that could give one away.
// Tempting wrong step: a route that opens a secret "for support". Whoever may see it set it themselves.
