"""Workers and the state of the installation: register, beat, retire, list, readiness."""
