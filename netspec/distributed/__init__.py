"""Training in several processes: the process group, the model wrapped for it, the launcher.

Input: the environment variables that torchrun sets; a model; the arguments of a command.
Output: a ProcessGroup, the wrapped model, the exit code of the processes.
Public: process_group.ProcessGroup, process_group.join, process_group.leave, process_group.ALONE, wrapping.wrap_ddp,
    wrapping.shard_weights, launcher.launch.
"""
