"""The search for settings, by Optuna: trials are runs, a study keeps them, the best one becomes a spec.

Input: a spec with `search`.
Output: a folder with the study, a run for each trial, the best spec, a table and pictures.
Public: tune.tune, tune.Tuning, study.open_study, space.assignments, results.trials_table.
"""
