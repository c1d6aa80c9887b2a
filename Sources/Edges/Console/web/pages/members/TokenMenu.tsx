import { useState } from "react";
import { post, remove } from "../../kit/api";
import { invalidate, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Icon } from "../../kit/Icon";
import { MenuButton, MenuItem } from "../../kit/Menu";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { MintedToken, Token, TokenList, tokensPath } from "./token";
import { TokenDialog } from "./TokenDialog";

/** Rename or narrow, rotate with an overlap, revoke. */
export function TokenMenu({ token, onMinted }: { token: Token; onMinted: (minted: MintedToken) => void }): JSX.Element | null {
  const me = useMe();
  const list = useQuery<TokenList>(tokensPath);
  const [open, setOpen] = useState<"edit" | "rotate" | "revoke">();
  if (!may(me, "manage:tokens")) return null;
  const done = (): void => setOpen(undefined);

  async function rotate(): Promise<void> {
    const minted = await fresh(() => post<MintedToken>(`${tokensPath}/${token.id}/rotate`, {}));
    invalidate(tokensPath);
    onMinted(minted);
  }
  async function revoke(): Promise<void> {
    await remove(`${tokensPath}/${token.id}`);
    invalidate(tokensPath);
    toast({ title: `${token.name} revoked`, text: "Calls with it are refused from now on." });
  }

  return (
    <>
      <MenuButton className="btn btn-icon btn-quiet btn-sm" label={`Actions for ${token.name}`} face={<Icon name="more" />} end>
        {(close) => (
          <>
            <MenuItem onSelect={() => { close(); setOpen("edit"); }}><Icon name="sliders" />Change name and limits</MenuItem>
            {!token.replacedBy && <MenuItem onSelect={() => { close(); setOpen("rotate"); }}><Icon name="refresh" />Rotate</MenuItem>}
            <MenuItem onSelect={() => { close(); setOpen("revoke"); }}><Icon name="x" />Revoke</MenuItem>
          </>
        )}
      </MenuButton>
      {open === "edit" && <TokenDialog scopes={list.data?.scopes ?? []} token={token} onClose={done} onMinted={done} />}
      {open === "rotate" && (
        <ConfirmDialog title={`Rotate ${token.name}?`} action="Rotate" onConfirm={rotate} onClose={done}>
          <p>You get a new secret with the same name, scopes and limits. The old one works for one more hour, so that nothing stops while you put the new one in place.</p>
        </ConfirmDialog>
      )}
      {open === "revoke" && (
        <ConfirmDialog title={`Revoke ${token.name}?`} action="Revoke" keep="Keep it" danger onConfirm={revoke} onClose={done}>
          <p>Whatever uses it is refused at once. It cannot be brought back; a new token has a new secret.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
