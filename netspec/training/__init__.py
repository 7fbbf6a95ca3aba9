"""The training of a network: settings, plan, setup, loop, evaluation, and trials before a run.

Input: a checked spec; of the loop a Job and a State.
Output: a Plan, a Job and a State whose first step was tried; rows of figures, one an epoch.
Public: plan.Plan, plan.prepare, setup.prepare_training, setup.make_state, job.Job, job.State, loop.fit,
evaluation.evaluate, trial_runs.dry_run, rate_finder.find_rate.
"""
