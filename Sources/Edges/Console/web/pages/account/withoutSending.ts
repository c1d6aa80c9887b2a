/** That this browser's person signs in by a proof: remembered here, because asking the server would tell strangers. */
const key = "pulse.withoutSending";

export const withoutSending = {
  isRemembered(): boolean {
    try { return localStorage.getItem(key) === "1"; } catch { return false; }
  },
  remember(on: boolean): void {
    try { if (on) localStorage.setItem(key, "1"); else localStorage.removeItem(key); } catch { /* a private window: asked again next time */ }
  },
};
