"""A run on the disk: its folder with run.json, metrics and lock, its checkpoints and its weights.

Input: the State of training, of one process or of several.
Output: files, and the State or the weights that they hold.
Public: run_folder.RunFolder, run_folder.make_folder, run_info.Info, checkpoint.save_checkpoint, checkpoint.read_newest,
checkpoint.restore_checkpoint, checkpoint.load_weights, gathering.gather_state, state_dict.state_dict.
"""
