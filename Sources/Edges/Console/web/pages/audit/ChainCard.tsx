import { useState } from "react";
import { When } from "../../kit/Age";
import { get } from "../../kit/api";
import { Button } from "../../kit/Button";
import { Icon } from "../../kit/Icon";
import { asProblem } from "../../kit/problem";
import { Mark, Status, StatusMark } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { Summary } from "./entry";
import { asSentence } from "../../kit/units";
import { RetentionDialog } from "./RetentionDialog";
import { Stream } from "./StreamsDialog";

interface Verified { verified: boolean; entries: number; firstSeq: number; seq: number; brokenSeq?: number; message: string; checkpoints: number }
type Check = { kind: "idle" } | { kind: "running" } | { kind: "done"; at: string; answer: Verified };

const words: Record<Summary["chain"]["state"], { mark: Mark; word: string }> = {
  intact: { mark: "ok", word: "Unbroken" }, broken: { mark: "critical", word: "Broken" }, unchecked: { mark: "unknown", word: "Not checked" },
};

/** Whether the record can be trusted, and the way to find out without trusting us. */
export function ChainCard({ summary: data, streams, mayManage }: { summary: Summary; streams: readonly Stream[]; mayManage: boolean }): JSX.Element {
  const [check, setCheck] = useState<Check>({ kind: "idle" });
  async function verify(): Promise<void> {
    setCheck({ kind: "running" });
    try {
      setCheck({ kind: "done", at: new Date().toISOString(), answer: await get<Verified>("/api/audit/verify", { timeout: 120_000 }) });
    } catch (error) {
      setCheck({ kind: "idle" });
      toast({ mark: "critical", title: "Not verified", text: asProblem(error).sentence });
    }
  }
  const [keeping, setKeeping] = useState(false);
  const lagging = streams.find((one) => one.enabled && one.lastError !== undefined && one.behind > 0);
  const broken = check.kind === "done" ? (check.answer.verified ? undefined : check.answer.brokenSeq ?? check.answer.firstSeq) : data.chain.brokenSeq;
  return (
    <div className="card chain-card">
      <div className="stat-row">
        <ChainStat data={data} check={check} />
        <Stat label="Entries" value={data.total.toLocaleString("en")} note={data.chain.firstSeq > 1 ? `From number ${data.chain.firstSeq.toLocaleString("en")}; older ones were sealed and pruned` : "From the first one on"} />
        <Stat
          label="Kept" value={data.retentionDays === 0 ? "For ever" : String(data.retentionDays)} unit={data.retentionDays > 0 ? "days" : undefined}
          note={<>{data.retentionDays === 0 ? "Nothing is pruned" : "Sealed before pruning"}{mayManage && <>, <button type="button" className="link" onClick={() => setKeeping(true)}>change</button></>}</>}
        />
        <Stat
          label="Last seal" value={data.chain.checkpoint ? `No. ${data.chain.checkpoint.seq.toLocaleString("en")}` : "None yet"}
          note={data.chain.checkpoint ? <>Signed <When at={data.chain.checkpoint.at} />{streams.length > 0 && `, streamed to ${streams.length}`}</> : "The next checkpoint signs what is there"}
        />
      </div>
      {broken !== undefined && (
        <div className="card-foot chain-broken" role="alert">
          <StatusMark mark="critical" /><span className="grow"><strong>Entry {broken.toLocaleString("en")} does not fit the one before it.</strong> Export with proof now, and tell whoever is responsible. What comes after it is still recorded.</span>
        </div>
      )}
      {lagging && (
        <div className="card-foot" role="status"><Status mark="warning">{lagging.name} is {lagging.behind.toLocaleString("en")} {lagging.behind === 1 ? "entry" : "entries"} behind{lagging.lastError ? `: ${lagging.lastError}` : ""}</Status></div>
      )}
      <div className="card-foot">
        <Icon name="shield" small /><span className="grow">Verify it without us: <span className="mono">pulse admin audit verify FILE</span></span>
        <Button small label={check.kind === "running" ? "Verifying…" : "Verify now"} busy={check.kind === "running"} className="verify" onClick={() => void verify()} />
      </div>
      {keeping && <RetentionDialog days={data.retentionDays} onClose={() => setKeeping(false)} />}
    </div>
  );
}

function ChainStat({ data, check }: { data: Summary; check: Check }): JSX.Element {
  const told = check.kind === "done" ? (check.answer.verified ? words.intact : words.broken) : words[data.chain.state];
  const note = check.kind === "running" ? "Every entry and signature is checked" : check.kind === "done"
    ? <>{asSentence(check.answer.message || `${check.answer.entries.toLocaleString("en")} entries`)} Checked <When at={check.at} /></> : data.chain.at ? <>Last entry <When at={data.chain.at} /></> : "No entry yet";
  return (
    <div className="stat">
      <div className="stat-label">Chain</div>
      <div className="stat-value" role="status"><StatusMark mark={told.mark} />{told.word}</div>
      <div className="stat-note">{note}</div>
    </div>
  );
}

function Stat({ label, value, unit, note }: { label: string; value: string; unit?: string; note: React.ReactNode }): JSX.Element {
  return (
    <div className="stat">
      <div className="stat-label">{label}</div>
      <div className="stat-value">{value}{unit && <span className="unit">{unit}</span>}</div>
      <div className="stat-note">{note}</div>
    </div>
  );
}
