import { useState } from "react";
import { patch, post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { Form, FormProblem, useForm } from "../../kit/form";
import { asProblem } from "../../kit/problem";
import { Link, navigate, useTitle } from "../../kit/router";
import { Denied } from "../../kit/states";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";
import { kindsPath } from "./AddConnection";
import { Connection, connectionsPath, KindInfo, TestResult } from "./connection";
import { Draft, draftOf, fieldFor, reach, reachErrors, wantsSecret, whole } from "./draft";
import { GuideCard } from "./GuideCard";
import { KeepFields } from "./KeepFields";
import { ReachFields } from "./ReachFields";
import { TestCard, TestState } from "./TestCard";

export function EditConnection({ id }: { id: string }): JSX.Element {
  const me = useMe(), mayManage = may(me, "manage:connections");
  const connection = useQuery<Connection>(mayManage ? `${connectionsPath}/${id}` : undefined);
  const kinds = useQuery<{ data: KindInfo[] }>(mayManage ? kindsPath : undefined);
  const title = connection.data ? `Change ${connection.data.name}` : "Change a connection";
  useTitle(title);
  return (
    <Page title={title} narrow sub={<p className="page-sub">A secret that you do not enter stays as it is.</p>} actions={<Link className="btn btn-quiet" to={`/connections/${id}`}><span className="btn-label">Cancel</span></Link>}>
      {!mayManage && <Denied what="how to change connections" need="manage:connections" />}
      {mayManage && <Wait query={connection} what="The connection" rows={4}>{(data) => <Wait query={kinds} what="The platforms" rows={4}>{(all) => <Editor connection={data} info={all.data.find((one) => one.kind === data.kind)} />}</Wait>}</Wait>}
    </Page>
  );
}

function Editor({ connection, info }: { connection: Connection; info: KindInfo | undefined }): JSX.Element {
  // What was there when the form was opened: the fields are compared with it, and so is the revision.
  const [old] = useState(connection);
  const [test, setTest] = useState<TestState>({ stage: "idle" });
  const path = `${connectionsPath}/${old.id}`;
  const form: Form<Draft> = useForm<Draft>({
    initial: draftOf(old),
    check: (draft) => ({ ...reachErrors(old, draft), name: draft.name.trim() === "" ? "Name it as people call it." : undefined }),
    submit: async (draft) => {
      const changed = await patch<Connection>(path, whole(old.kind, draft), { revision: old.revision });
      invalidate(connectionsPath);
      navigate(`/connections/${old.id}`);
      toast({ title: `${changed.name} saved`, text: wantsSecret(old, draft) || draft.secret ? "It is asked anew in a moment." : undefined });
    },
    explain: (problem) => {
      const field = fieldFor(problem.field);
      return field !== undefined && field in form.values ? { [field]: problem.detail ?? problem.title } : undefined;
    },
  });

  async function tryIt(draft: Draft): Promise<void> {
    const wrong = reachErrors(old, draft);
    if (Object.values(wrong).some(Boolean)) return form.fail(wrong);
    setTest({ stage: "testing" });
    try {
      const result = await post<TestResult>(`${path}/test`, reach(old.kind, draft), { timeout: 35_000 });
      setTest({ stage: "done", result });
    } catch (error) {
      const problem = asProblem(error), field = fieldFor(problem.field);
      if (field !== undefined && field in form.values) { form.fail({ [field]: problem.detail ?? problem.title }); setTest({ stage: "idle" }); } else setTest({ stage: "failed", problem });
    }
  }

  function trust(fingerprint: string): void {
    form.set("trust", "pinned");
    form.set("fingerprint", fingerprint);
    const draft = { ...form.values, trust: "pinned", fingerprint } as Draft;
    if (wantsSecret(old, draft) && draft.secret === "") form.fail({ secret: "Enter the secret again: it is sent under another trust." });
    else void tryIt(draft);
  }

  const certificate = test.stage === "done" ? test.result.certificate : undefined;
  const offered = certificate && certificate.fingerprint !== form.values.fingerprint ? certificate.fingerprint : undefined;
  return (
    <div className="cols-even">
      <form className="card" {...form.props}>
        <div className="card-body form form-wide">
          <KeepFields form={form} info={info} />
          <hr className="rule" />
          <ReachFields kind={old.kind} form={form} isStored={old.secretSet} />
          <FormProblem problem={form.problem} />
        </div>
        <div className="card-foot">
          <span className="grow" />
          <Button label="Test" busy={test.stage === "testing"} onClick={() => void tryIt(form.values)} />
          {offered !== undefined && <Button label="Trust this certificate" onClick={() => trust(offered)} />}
          <Button tone="primary" type="submit" label="Save" busy={form.pending} />
        </div>
      </form>
      <div className="stack">
        <TestCard kind={old.kind} test={test} />
        <GuideCard kind={old.kind} />
      </div>
    </div>
  );
}
