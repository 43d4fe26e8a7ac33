"""Replay: repeats the steps of a passed run by the signatures of their targets, without a model.

Data flows run → anchors file → policy: `agent.anchors_from_run` reads a run, `anchors` stores it, `policy` repeats it.
"""
