"""A whole system in memory: servers on one store, clients with networks between them, and a plan of what goes wrong.

A seed makes a plan; a plan is data, so one that fails is printed, saved and replayed. Time is virtual, so hours
pass in milliseconds, and the same plan runs the same way again.
"""
