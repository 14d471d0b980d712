"""What a build notes of its objects as it goes: for ``explain`` and for partial builds."""
