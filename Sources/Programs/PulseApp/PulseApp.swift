// PulseApp
