"""Values that options and models must agree on; importing them loads no model."""

from typing import Literal

Precision = Literal["fp32", "bf16"]
Activation = Literal["relu", "gelu", "swiglu"]
Cell = Literal["rnn", "lstm", "gru"]
Unit = Literal["character", "symbol", "word"]
Language = Literal["en", "ko"]
OWN_BACKBONE = "convolutional"  # of images, and in no other package

TEXT_METRICS = (
    "bleu",
    "bleu_lowercase",
    "chrf",
    "exact_match",
    "token_accuracy",
    "token_error_rate",
    "word_error_rate",
)

OUTSIDE = 255  # what a pixel of a mask becomes whose colour no class has, and the usual number for "ignore"

# attributes of torch's modules, which no part of a model can be called
MODULE_ATTRIBUTES = """
T_destination _apply _backward_hooks _backward_pre_hooks _buffers _call_impl _compiled_call_impl
_forward_hooks _forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks
_forward_pre_hooks_with_kwargs _get_backward_hooks _get_backward_pre_hooks _get_name _is_full_backward_hook
_load_from_state_dict _load_state_dict_post_hooks _load_state_dict_pre_hooks
_maybe_warn_non_full_backward_hook _modules _named_members _non_persistent_buffers_set _parameters
_register_load_state_dict_pre_hook _register_state_dict_hook _replicate_for_data_parallel
_save_to_state_dict _slow_forward _state_dict_hooks _state_dict_pre_hooks _version _wrapped_call_impl
add_module apply bfloat16 buffers call_super_init children clear compile cpu cuda double dump_patches eval
extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu items keys
load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters pop
register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to
to_empty train training type update values xpu zero_grad
"""
TAKEN_NAMES = frozenset(MODULE_ATTRIBUTES.split())
