// The way to one's own organisation's provider: found by the address, or by the organisation's short name.
import { useEffect, useState } from "react";
import { get, post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { Field, FormProblem, useForm } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { APIProblem } from "../../kit/problem";
import { Link, safePath } from "../../kit/router";

interface Offer { organization: string; id: string; type: string; displayName: string; iconUrl?: string; loginUrl: string }
export interface Offers { required: boolean; providers: Offer[] }

export const discover = (email: string): Promise<Offers> => post<Offers>("/api/public/sso/discover", { email });

/** `known`: what a refused password has already found. */
export function SsoLogIn({ email, next, known, onBack }: { email: string; next: string | null; known: Offers | undefined; onBack: () => void }): JSX.Element {
  const [offers, setOffers] = useState(known), [asked, setAsked] = useState(email);
  const form = useForm({
    initial: { who: email },
    check: ({ who }) => ({ who: who.trim() === "" ? "Your e-mail address, or your organisation's short name." : undefined }),
    submit: async ({ who }) => {
      const text = who.trim();
      const found = text.includes("@") ? await discover(text) : await get<Offers>(`/api/public/sso/${encodeURIComponent(text.toLowerCase())}`);
      if (found.providers.length === 0) throw new APIProblem("http", 404, {});
      setAsked(text.includes("@") ? text : "");
      setOffers(found);
    },
    explain: (problem) => problem.status === 404 ? { who: "No single sign-on was found for this." } : undefined,
  });
  const only = offers?.providers.length === 1 ? offers.providers[0] : undefined;
  if (offers && offers.providers.length > 0) {
    return (
      <>
        <div className="stack stack-2"><h1>{only ? `Continue to ${only.displayName}` : "Choose your sign-in"}</h1><p className="muted">{offers.required ? "Your organisation lets you in by single sign-on alone." : "Your organisation offers single sign-on."}</p></div>
        <div className="stack stack-3">{offers.providers.map((one, index) => <OfferLink isFirst={index === 0} key={`${one.organization}/${one.id}`} offer={one} email={asked} next={next} isShared={new Set(offers.providers.map((each) => each.organization)).size > 1} />)}</div>
        <Button tone="quiet" label="Log in another way" onClick={onBack} />
        <p className="muted">The provider is down and you are an owner? <Link to="/login/break-glass">Use your break-glass code</Link></p>
      </>
    );
  }
  return (
    <>
      <div className="stack stack-2"><h1>Single sign-on</h1><p className="muted">We lead you to your organisation's own sign-in.</p></div>
      <form className="stack" {...form.props}>
        <Field label="E-mail or organisation" autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus binding={form.field("who")} hint="Your address, or the organisation's short name." />
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Continue" busy={form.pending} />
      </form>
      <Button tone="quiet" label="Log in another way" onClick={onBack} />
    </>
  );
}

/** A real link: it leads away from here, to the provider, and comes back where one wanted to go. */
function OfferLink({ offer, email, next, isShared, isFirst }: { offer: Offer; email: string; next: string | null; isShared: boolean; isFirst: boolean }): JSX.Element {
  const query = new URLSearchParams({ returnTo: safePath(next), ...email ? { loginHint: email } : {} });
  return (
    <a className={isFirst ? "btn btn-primary btn-wide" : "btn btn-wide"} href={`${offer.loginUrl}${offer.loginUrl.includes("?") ? "&" : "?"}${query.toString()}`}>
      {offer.iconUrl?.startsWith("data:image/") ? <img src={offer.iconUrl} alt="" width={16} height={16} /> : <Icon name="key" />}
      <span className="btn-label">{offer.displayName}{isShared && `, ${offer.organization}`}</span>
    </a>
  );
}

/** The providers of an organisation that is named in the address of the login page. */
export function useOffersOf(slug: string | null): Offers | undefined {
  const [offers, setOffers] = useState<Offers>();
  useEffect(() => {
    if (slug) get<Offers>(`/api/public/sso/${encodeURIComponent(slug)}`).then((found) => { if (found.providers.length > 0) setOffers(found); }, () => undefined);
  }, [slug]);
  return offers;
}
