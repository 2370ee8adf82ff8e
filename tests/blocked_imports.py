"""Code at the beginning of a program that must run without torch and without this package."""

WITHOUT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('torch', 'jumok'):
            raise ImportError(f'{name} is not here')
sys.meta_path.insert(0, Refuse())
"""
