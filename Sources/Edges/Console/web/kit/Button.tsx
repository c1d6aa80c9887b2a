import { ButtonHTMLAttributes, forwardRef } from "react";
import { Icon, IconName } from "./Icon";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: "primary" | "quiet" | "danger" | "danger-fill";
  small?: boolean;
  wide?: boolean;
  icon?: IconName;
  /** What it says, to the eye or (icon only) to assistive technology. */
  label: string;
  iconOnly?: boolean;
  busy?: boolean;
}

export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button(
  { tone, small, wide, icon, label, iconOnly, busy, className, type, onClick, ...rest }, ref,
) {
  const classes = [
    "btn", tone ? `btn-${tone}` : "", small ? "btn-sm" : "", wide ? "btn-wide" : "", iconOnly ? "btn-icon" : "", className ?? "",
  ].filter(Boolean).join(" ");
  return (
    <button
      ref={ref} type={type ?? "button"} className={classes} aria-busy={busy || undefined} aria-disabled={busy || undefined}
      aria-label={iconOnly ? label : undefined} title={iconOnly ? label : undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick} {...rest}
    >
      {icon && !busy && <Icon name={icon} />}
      {!iconOnly && <span className="btn-label">{label}</span>}
    </button>
  );
});
