"""One attempt of a run as a worker sees it: claim, begin, beat, finish, give back, lose."""
