// PulseApp: the wiring of `pulse`. One configuration, one function that builds everything from it, in dependency order.
// For the program and for tests, which run the real thing on port 0.
// Owns: reading the environment, what runs in which role, the order of starting and stopping.
// Leaves to others: everything a customer would notice. There is no decision about tenants, reports or people here.
// Each role is the same composition with fewer services; nothing builds anything anywhere else.
