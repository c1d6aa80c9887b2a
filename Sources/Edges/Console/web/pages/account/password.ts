export const shortestPassword = 12;
const longest = 1024;

/** The part of the server's rule that a browser can check. */
export function passwordError(password: string): string | undefined {
  const size = [...password].length;
  if (size < shortestPassword) return size === 0 ? "Choose a password." : `This has ${size} characters; it needs at least ${shortestPassword}.`;
  return new TextEncoder().encode(password).length > longest ? `A password has at most ${longest} bytes.` : undefined;
}

export const passwordHint = `At least ${shortestPassword} characters. A sentence is easier to keep than a puzzle.`;
