// AgentApp
