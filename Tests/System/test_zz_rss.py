import time
from harness.agents import RealAgent
from test_docker import container, false_engine, resident_bytes, named


def test_rss(server):
    for count in (None, 50, 200, 2000):
        engine = false_engine(containers_json=[container(n) for n in range(count)]) if count else None
        if engine:
            for n in range(count):
                engine.answers[f"/containers/{n:064x}/stats"] = {"memory_stats": {"usage": 1000, "limit": 5000}, "cpu_stats": {"cpu_usage": {"total_usage": int(time.time())}, "system_cpu_usage": int(time.time() * 1000), "online_cpus": 4}}
                engine.answers[f"/containers/{n:064x}/json"] = {"RestartCount": 0, "State": {"StartedAt": "2026-11-21T09:00:00Z"}}
        owner = server.sign_up(f"Rss {count}")
        agent = RealAgent(server, f"rss{count}", PULSE_AGENT_DOCKER_SOCKET=engine.socket if engine else "off")
        agent.enroll(owner.enrollment_token()["token"])
        agent.start()
        time.sleep(45)
        seen = len(named(owner, "app-container"))
        cpu = open(f"/proc/{agent.process.pid}/stat").read().split()
        print("RSS", count, resident_bytes(agent) // 1024, "KB peak; shown", seen, "cpu ticks", int(cpu[13]) + int(cpu[14]), flush=True)
        agent.stop()
        if engine:
            engine.stop()
