"""Workers and the state of the installation: register, heartbeat, retire, list, readiness."""
