// Leaving for a sign-in provider: by a link, or with a form that no page of the console may post to another site.

export interface Departure {
  url?: string;
  form?: { action: string; fields: { name: string; value: string }[] };
}

/** Leaves; false: there is nowhere to go. */
export function depart({ url, form }: Departure): boolean {
  if (form) {
    // Read and removed by the page that posts it; it is this tab's alone.
    sessionStorage.setItem("pulse-departure", JSON.stringify(form));
    location.assign("/api/sso/leave");
    return true;
  }
  if (url) location.assign(url);
  return url !== undefined;
}
