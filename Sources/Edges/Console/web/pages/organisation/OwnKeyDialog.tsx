import { useId } from "react";
import { put } from "../../kit/api";
import { Button } from "../../kit/Button";
import { seed } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, SelectField, useForm } from "../../kit/form";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { keysPath, KeyState, providerWords } from "./keyState";

/** Where the key is and how to reach it. What is secret is written, never read. */
export function OwnKeyDialog({ state, onClose }: { state: KeyState; onClose: () => void }): JSX.Element {
  const formID = useId(), { ownKey } = state;
  const offered = [...new Set([...ownKey ? [ownKey.provider] : [], ...state.ownKeyProviders])];
  const form = useForm({
    initial: { provider: ownKey?.provider ?? offered[0] ?? "", reference: ownKey?.reference ?? "", address: "", mount: "", token: "" },
    check: ({ reference }) => ({ reference: reference.trim() === "" ? "Name the key." : undefined }),
    submit: async ({ provider, reference, address, mount, token }) => {
      const extra = provider === "transit" ? { ...address.trim() ? { address: address.trim() } : {}, ...mount.trim() ? { mount: mount.trim() } : {}, ...token ? { token } : {} } : {};
      const after = await fresh(() => put<KeyState>(`${keysPath}/own`, { provider, reference: reference.trim(), ...extra }));
      seed<KeyState>(keysPath, () => after);
      onClose();
      toast({ title: "Your key holds from now on", text: "It was tried: it wrapped and opened a data key." });
    },
  });
  const isTransit = form.values.provider === "transit";
  return (
    <Dialog
      title={ownKey ? "Change your own key" : "Bring a key of your own"} onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Try and use it" busy={form.pending} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <SelectField label="Kept by" binding={form.field("provider")}>{offered.map((one) => <option key={one} value={one}>{providerWords[one] ?? one}</option>)}</SelectField>
        <Field label="Key" mono autoComplete="off" spellCheck={false} placeholder={isTransit ? "key-name" : "arn:aws:kms:…"} binding={form.field("reference")} />
        {isTransit && (
          <>
            <Field label="Address" mono autoComplete="off" spellCheck={false} placeholder="https://vault.example:8200" binding={form.field("address")} hint="Empty: the one of this installation." />
            <div className="input-row-even">
              <Field label="Mount" mono autoComplete="off" spellCheck={false} placeholder="transit" binding={form.field("mount")} />
              <Field label="Token" type="password" autoComplete="off" binding={form.field("token")} hint={ownKey?.credentialsSet ? "Set. Empty: it stays." : undefined} />
            </div>
          </>
        )}
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
