"""The verbs: one use case a module, one public function a module; none of them commits.

For clients: submit, get, list, edit, cancel, resume, fork, delete a run; submit and read
preflights, alone and side by side; read a run's history, gradient flow, dynamics, diagnosis, events
and artifacts; upload, list, get, delete a data set; create a key; authenticate.
For workers: claim, begin, beat, record, diagnose, finish, give back, lose a run; sweep; register.
"""
