import spriteText from "../sprite.svg";

/** The 16 px drawings, 1.4 stroke. Always beside a word, or on a control that has an `aria-label`. */
export type IconName =
  | "server" | "grid" | "search" | "down" | "right" | "left" | "updown" | "plus" | "x" | "check" | "copy" | "more"
  | "arr-up" | "arr-down" | "sun" | "lock" | "mail" | "users" | "shield" | "key" | "building" | "activity" | "refresh"
  | "list" | "filter" | "link" | "download" | "ext" | "clock" | "storage" | "sliders" | "swap" | "minus" | "hex" | "eye" | "file" | "card" | "plug" | "backup" | "vm" | "container";

export function Icon({ name, small, className }: { name: IconName; small?: boolean; className?: string }): JSX.Element {
  const classes = ["icon", small ? "icon-sm" : "", className ?? ""].filter(Boolean).join(" ");
  return <svg className={classes} aria-hidden="true"><use href={`#i-${name}`} /></svg>;
}

/** Puts the drawings into the page once; each icon then only points at its own. */
export function installSprite(): void {
  const parsed = new DOMParser().parseFromString(spriteText, "image/svg+xml");
  document.body.prepend(document.importNode(parsed.documentElement, true));
}

export function Brand(): JSX.Element {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className="brand-mark">
      <rect width="24" height="24" rx="6.5" />
      <path d="M4.5 12.6h3.2l2.3-6 3.6 11 2.3-5h3.6" />
    </svg>
  );
}
