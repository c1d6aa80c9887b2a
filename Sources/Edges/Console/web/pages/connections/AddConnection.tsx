// Three steps: which platform, how to get in, what was found. Nothing is saved before the last.
import { useRef, useState } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { Form, FormProblem, useCreate, useForm } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { asProblem } from "../../kit/problem";
import { Link, navigate, useTitle } from "../../kit/router";
import { Denied } from "../../kit/states";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";
import { Connection, connectionsPath, isKind, Kind, KindInfo, kindTitle, TestResult } from "./connection";
import { Draft, emptyDraft, fieldFor, reach, reachErrors, whole } from "./draft";
import { GuideCard } from "./GuideCard";
import { KeepFields } from "./KeepFields";
import { ReachFields } from "./ReachFields";
import { TestCard, TestState } from "./TestCard";

export const kindsPath = `${connectionsPath}/kinds`;

export function AddConnection({ kind }: { kind: string | undefined }): JSX.Element {
  const me = useMe(), mayManage = may(me, "manage:connections");
  const known = isKind(kind) ? kind : undefined;
  const title = known ? `Connect ${kindTitle(known)}` : "Connect a platform";
  useTitle(title);
  const kinds = useQuery<{ data: KindInfo[] }>(mayManage ? kindsPath : undefined);
  const [step, setStep] = useState(1);
  const at = known ? step : 0;
  return (
    <Page title={title} narrow sub={<p className="page-sub">Nodes, guests, storages without an agent on each. Nothing is saved before the last step.</p>} actions={<Link className="btn btn-quiet" to="/connections"><span className="btn-label">Cancel</span></Link>}>
      {!mayManage && <Denied what="how to add connections" need="manage:connections" />}
      {mayManage && (
        <>
          <ol className="steps onboarding-steps">
            {["Platform", "Address and token", "What we found"].map((name, index) => <li key={name} data-done={index < at ? "" : undefined} aria-current={index === at ? "step" : undefined}><span>{name}</span></li>)}
          </ol>
          <Wait query={kinds} what="The platforms" rows={4}>
            {({ data }) => known
              ? <Wizard kind={known} info={data.find((one) => one.kind === known)} step={step} setStep={setStep} />
              : <Platforms kinds={data} />}
          </Wait>
        </>
      )}
    </Page>
  );
}

function Platforms({ kinds }: { kinds: readonly KindInfo[] }): JSX.Element {
  return (
    <div className="card picker" role="group" aria-label="Platforms">
      {kinds.map((one) => one.supported
        ? <Link key={one.kind} to={`/connections/new/${one.kind}`} className="more-link"><Icon name="plug" /><span className="grow">{one.title}</span><Icon name="right" /></Link>
        : <div key={one.kind} className="faint"><Icon name="plug" /><span className="grow">{one.title}</span><span className="sub">not asked by this installation yet</span></div>)}
    </div>
  );
}

function Wizard({ kind, info, step, setStep }: { kind: Kind; info: KindInfo | undefined; step: number; setStep: (step: number) => void }): JSX.Element {
  const [test, setTest] = useState<TestState>({ stage: "idle" });
  const create = useCreate<Connection>(connectionsPath);
  const round = useRef(0);

  /** The answer of an older try says nothing about the newer fields. */
  async function tryIt(draft: Draft): Promise<void> {
    const mine = ++round.current;
    setTest({ stage: "testing" });
    const result = await post<TestResult>(`${connectionsPath}/preview`, reach(kind, draft), { timeout: 35_000 }).catch((error: unknown) => {
      if (mine === round.current) setTest({ stage: "idle" });
      throw error;
    });
    if (mine !== round.current) return;
    setTest({ stage: "done", result });
    if (result.certificate) form.set("fingerprint", result.certificate.fingerprint);
    if (!result.ok) return;
    if (draft.name === "") form.set("name", result.instanceName ?? draft.host.trim().split(".")[0] ?? "");
    setStep(2);
  }

  const form: Form<Draft> = useForm<Draft>({
    initial: emptyDraft(kind, info?.cadence.normalSeconds ?? 60),
    check: (draft) => ({ ...reachErrors(undefined, draft), name: step === 2 && draft.name.trim() === "" ? "Name it as people call it." : undefined }),
    submit: async (draft) => {
      if (step === 1) return tryIt(draft);
      const made = await create(whole(kind, draft));
      invalidate(connectionsPath);
      navigate(`/connections/${made.id}`, { replace: true });
      toast({ title: `${made.name} is connected`, text: "It is asked for the first time in a moment." });
    },
    explain: (problem) => {
      const field = fieldFor(problem.field);
      if (field === undefined || !(field in form.values)) return undefined;
      if (!keeping.includes(field)) setStep(1);
      return { [field]: problem.detail ?? problem.title };
    },
  });

  async function trust(): Promise<void> {
    const result = test.stage === "done" ? test.result : undefined;
    if (!result?.certificate) return;
    const draft = { ...form.values, trust: "pinned", fingerprint: result.certificate.fingerprint };
    form.set("trust", "pinned");
    try { await tryIt(draft as Draft); } catch (error) { setTest({ stage: "failed", problem: asProblem(error) }); }
  }

  const decides = test.stage === "done" && test.result.certificate !== undefined && step === 1;
  const isBusy = form.pending || test.stage === "testing";
  return (
    <div className="cols-even">
      <form className="card" {...form.props}>
        <div className="card-body form form-wide">
          {step === 1 ? <ReachFields kind={kind} form={form} isStored={false} /> : <KeepFields form={form} info={info} />}
          <FormProblem problem={form.problem} />
        </div>
        <div className="card-foot">
          {step === 1 ? <Link className="btn btn-quiet hide-narrow" to="/connections/new"><span className="btn-label">Back</span></Link> : <Button tone="quiet" label="Back" onClick={() => setStep(1)} />}
          <span className="grow" />
          {step === 1 && test.stage === "done" && !test.result.ok && !decides && <Button tone="quiet" label="Go on without" onClick={() => setStep(2)} />}
          {step === 1
            ? <Button tone={decides ? undefined : "primary"} type="submit" label={test.stage === "idle" ? "Test" : "Test again"} busy={isBusy} />
            : <Button tone="primary" type="submit" label="Save connection" busy={isBusy} />}
          {decides && <Button tone="primary" label="Trust and continue" busy={isBusy} onClick={() => void trust()} />}
        </div>
      </form>
      <div className="stack">
        {(step === 2 || test.stage !== "idle") && <TestCard kind={kind} test={test} />}
        {step === 1 && <GuideCard kind={kind} />}
      </div>
    </div>
  );
}

/** The fields of the last step. */
const keeping = ["name", "cadenceSeconds", "adaptive", "siteId", "tags"];
