"""Agents that remember what was acknowledged, to be compared with the history afterwards."""
import datetime
import threading

from harness.agents import ScriptedAgent
from harness.processes import eventually


class Reporter(threading.Thread):
    """An agent that sends each sample until it is acknowledged, and remembers which were."""

    def __init__(self, agent, pause):
        super().__init__(daemon=True)
        self.agent, self.pause = agent, pause
        self.acknowledged, self.refusals = {}, []
        self.done = threading.Event()

    def run(self):
        while not self.done.is_set():
            report = self.agent.report(cpu=(self.agent.number + 1) % 100 + 0.25)
            while not self.done.is_set():
                try:
                    answer = self.agent.send(report, timeout=5)
                except OSError:
                    answer = None
                if answer is not None and answer.status == 200:
                    self.acknowledged[report["timestamp"]] = report["metrics"]["cpuUsagePercent"]
                    break
                if answer is not None:
                    self.refusals.append((answer.status, answer.slug, answer.header("retry-after")))
                self.done.wait(0.1)
            self.done.wait(self.pause)

    def end(self):
        self.done.set()
        self.join(20)
        assert not self.is_alive()


def milliseconds(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def reporters(server, owner, count, pause=0.5):
    made = []
    for _ in range(count):
        agent = ScriptedAgent(server)
        assert agent.enroll(owner.enrollment_token()["token"]).status == 200
        made.append(Reporter(agent, pause))
    for one in made:
        one.start()
    return made


def assert_history_equals_what_was_acknowledged(owner, senders):
    for sender in senders:
        machine = owner.resource(sender.agent.hostname, seconds=30)
        wanted = {milliseconds(at): value for at, value in sender.acknowledged.items()}
        assert len(wanted) < 2000, "too many to be told one by one"

        def stored():
            points = owner.history(machine["id"], "cpu")["points"]
            return len(points) >= len(wanted) and points
        points = eventually(stored, 30, "the history holds every acknowledged sample")
        assert len(points) == len({point["timestamp"] for point in points}), "a sample is there twice"
        held = {point["timestamp"]: point["value"] for point in points}
        assert {at: held.get(at) for at in wanted} == wanted
