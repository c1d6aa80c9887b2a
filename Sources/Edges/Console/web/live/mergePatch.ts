type Members = { [member: string]: unknown };

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * RFC 7396: null removes, objects merge, everything else replaces. The target is never changed: what the patch does
 * not touch is shared with the result, so a row can tell by identity whether it has to repaint.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Members = isObject(target) ? { ...target } : {};
  for (const member in patch) {
    if (member === "__proto__") continue;
    const value = patch[member];
    if (value === null) delete result[member];
    else result[member] = isObject(value) ? mergePatch(result[member], value) : value;
  }
  return result;
}
