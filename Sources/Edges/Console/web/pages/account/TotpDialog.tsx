import { useId, useRef } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { CopyButton } from "../../kit/CopyButton";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, useForm } from "../../kit/form";

export interface TotpSecret { secret: string; uri: string; qrSvg: string; expiresAt: string }

/** Scan, type one code, done: a second factor that was never tried would lock its owner out. */
export function TotpDialog({ secret, onClose, onDone }: { secret: TotpSecret; onClose: () => void; onDone: (codes: readonly string[]) => void }): JSX.Element {
  const formID = useId();
  const source = useRef<HTMLSpanElement>(null);
  const form = useForm({
    initial: { code: "" },
    check: ({ code }) => ({ code: /^\d{6}$/.test(code.replace(/\s/g, "")) ? undefined : "The app shows six digits." }),
    submit: async ({ code }) => onDone((await post<{ recoveryCodes: string[] }>("/api/security/totp/confirm", { code: code.replace(/\s/g, "") })).recoveryCodes),
    explain: (problem) => problem.slug === "second-factor-wrong" ? { code: "This code does not fit. Check the clock of your phone, and type the next one." } : undefined,
  });
  return (
    <Dialog
      title="Set up the authenticator app" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Switch on" busy={form.pending} /></>}
    >
      <div className="totp">
        <img className="qr" alt="QR code for your authenticator app" src={`data:image/svg+xml;utf8,${encodeURIComponent(secret.qrSvg)}`} />
        <div className="stack stack-2">
          <p>Scan this with an authenticator app on your phone.</p>
          <p className="sub">Cannot scan? Type this instead:</p>
          <div className="copy-field"><span className="mono" ref={source}>{secret.secret.replace(/(.{4})(?=.)/g, "$1 ")}</span><CopyButton text={secret.secret} source={source} /></div>
        </div>
      </div>
      <form id={formID} className="stack stack-3" {...form.props}>
        <Field label="The code it shows now" mono autoComplete="one-time-code" inputMode="numeric" maxLength={7} binding={form.field("code")} />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
