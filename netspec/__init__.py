"""netspec"""
