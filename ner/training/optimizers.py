"""Optimizers and learning-rate schedules by name."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ner.config import OptimizerConfig
from ner.modules.words import WordTable


def build_optimizer(model: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """The optimizer of a model's trained parameters. Embeddings and biases are never decayed.

    Args:
        model: whose parameters that need a gradient are optimized.
        config: kind and rates.
    """
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, (nn.Embedding, WordTable))}
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            (plain if parameter.ndim < 2 or id(parameter) in embeddings else decayed).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    fused = all(parameter.device.type in ("cpu", "cuda") for parameter in [*decayed, *plain])
    match config.name:
        case "sgd":
            return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, fused=fused)
        case "adam":
            return torch.optim.Adam(groups, lr=config.lr, fused=fused)
        case "adamw":
            return torch.optim.AdamW(groups, lr=config.lr, fused=fused)
        case "nadam":
            return torch.optim.NAdam(groups, lr=config.lr, foreach=True)


def schedule(config: OptimizerConfig, epochs: int) -> Callable[[float], float]:
    """The learning rate as a function of the epochs done, which may be a fraction.

    ``inverse`` is the paper's: lr / (1 + decay * epoch), constant within an epoch.
    """

    def rate(done: float) -> float:
        rising = min(1.0, (done + 1e-3) / config.warmup) if config.warmup else 1.0
        share = min(1.0, done / epochs)
        match config.schedule:
            case "inverse":
                factor = 1 / (1 + config.decay * math.floor(done))
            case "linear":
                factor = 1 - share
            case "cosine":
                factor = 0.5 * (1 + math.cos(math.pi * share))
            case "constant":
                factor = 1.0
        return config.lr * rising * factor

    return rate


def clip_gradients(parameters: list[nn.Parameter], largest: float) -> None:
    """Scale all gradients so that their common norm is at most ``largest``, without waiting for the device."""
    gradients: list[Tensor] = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not largest or not gradients:
        return
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, (largest / (norm + 1e-6)).clamp(max=1.0))
