"""The command that trains: it begins or resumes a run, trains it, stores it and ends it.

Input: a spec, or the folder of a run that is resumed.
Output: a Run, and its folder with everything that is needed to go on or to use it.
Public: train.train, session.Run, session.Session, resume.spec_to_resume, resume.open_run, manager.CheckpointManager.
"""
